"""The instrument: transport, seed, session, policy, arranger, journal, command line."""
