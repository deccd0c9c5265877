"""The verification: cases, fault tests and checks of hosts, with what they share."""
