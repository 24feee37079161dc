"""The small authority whose certificates the line and the agencies' doors accept."""
