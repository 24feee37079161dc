"""What stands on the broker: exchanges, queues, users and the least permission each user needs."""
