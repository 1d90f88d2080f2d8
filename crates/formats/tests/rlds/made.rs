//! Made data sets.
