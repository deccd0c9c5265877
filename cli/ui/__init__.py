"""Text for the person: lines, questions and addresses."""
