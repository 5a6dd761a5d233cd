"""Events of the gateway: users, teams, audit."""
