"""Adapters to payment rails. Importing this package registers all of them."""

from services.payments.rails.base import RAILS
from services.payments.rails.sandbox import SandboxRail

__all__ = ["RAILS", "SandboxRail"]
