"""Calls the stages in order and passes results on; turns errors into outcomes. Decides nothing itself."""
