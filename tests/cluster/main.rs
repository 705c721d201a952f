//! More than one machine: a PostgreSQL primary that fails over to its standby, and a Galera cluster that loses nodes.
//! Every server is private, on loopback, and killed for real.

#![cfg(any(feature = "postgres", feature = "mysql"))]

#[cfg(feature = "mysql")]
mod conflicts;
#[cfg(feature = "postgres")]
mod failover;
#[cfg(feature = "mysql")]
mod galera;
#[cfg(feature = "mysql")]
mod nodes;
#[path = "../support/mod.rs"]
mod support;
mod watch;
