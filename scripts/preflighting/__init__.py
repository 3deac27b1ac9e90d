"""What stands between a stack and its `up`, asked of the account itself: stock, quotas, services, permissions."""
