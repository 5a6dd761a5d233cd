"""What the gateway follows."""
