"""The slate: the data of the course notes on a lab's servers, how to list it, and how to remove it."""
