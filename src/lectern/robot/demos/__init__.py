"""Demos that teach: small programs that sections of the book link to, with the robot moving."""
