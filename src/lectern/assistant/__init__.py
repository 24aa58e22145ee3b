"""Answering questions: extractive and generative answers, checked citations, conversation."""
