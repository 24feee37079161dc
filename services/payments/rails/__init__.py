"""Adapters to payment rails. Importing this package registers all of them, in the order in which they are offered."""

from services.payments.rails import centre, efinance, fawry, paymob, pos
from services.payments.rails.registry import RAILS

__all__ = ["RAILS", "centre", "efinance", "fawry", "paymob", "pos"]
