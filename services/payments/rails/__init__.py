"""Adapters to payment rails. Importing this package registers all of them."""

from services.payments.rails import sandbox
from services.payments.rails.base import RAILS

__all__ = ["RAILS", "sandbox"]
