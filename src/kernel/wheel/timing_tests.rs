//! Simulated hours against a sorted map.
