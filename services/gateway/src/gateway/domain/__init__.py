"""Rules of accounts, teams, passwords, sessions and keys: pure, time and ids are arguments."""
