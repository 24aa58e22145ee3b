"""What every face needs to take questions: admission, memory of conversations, the desk."""
