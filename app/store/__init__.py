"""The only SQL of a study: functions that take a session, grouped by what they are about."""
