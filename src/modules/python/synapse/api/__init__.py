"""Errors that a module may raise."""
