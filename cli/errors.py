"""How a command ends: the exit statuses of ./lab and the error that carries one."""

OK = 0
CHECK_FAILED = 1
BAD_INPUT = 2
PROVISIONING_FAILED = 3
INTERRUPTED = 130


class LabError(Exception):
    """Ends the command with one line for the person at the prompt.

    Args:
        message: what failed, where, and what to do next.
        status: the exit status (see the constants of this module).
    """

    def __init__(self, message: str, status: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.status = status
