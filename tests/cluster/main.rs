//! More than one machine: a PostgreSQL primary that fails over to its standby, a MySQL group that elects another primary,
//! and a Galera cluster that loses nodes.
//! Every server is private, on loopback, and killed for real.

#![cfg(any(feature = "postgres", feature = "mysql"))]

#[cfg(feature = "mysql")]
mod conflicts;
#[cfg(feature = "postgres")]
mod failover;
#[cfg(feature = "mysql")]
mod galera;
#[cfg(feature = "mysql")]
mod group;
#[cfg(feature = "mysql")]
mod load;
#[cfg(feature = "mysql")]
mod nodes;
#[cfg(feature = "postgres")]
mod standby;
#[path = "../support/mod.rs"]
mod support;
mod watch;
