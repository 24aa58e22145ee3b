"""The parts of `assistant_node`: its topics, service and action around one desk for questions."""
