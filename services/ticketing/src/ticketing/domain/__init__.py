"""Tickets: state, rules, decisions. Pure: time, ids and facts about people are arguments."""
