"""The motion line: a robot that plans, asks the gate, and moves; it knows neither book nor web."""
