"""What happens in production: requests become windows of a deployment."""
