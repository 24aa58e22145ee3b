"""Lectern: a robotics textbook you can talk to, with a robot that shows you."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("lectern")
except PackageNotFoundError:  # running from a source tree that was never installed
    __version__ = "0.0.0"
