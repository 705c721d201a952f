//! More than one machine: a PostgreSQL primary that fails over to its standby, and a Galera cluster that loses nodes.
//! Every server is private, on loopback, and killed for real.

#![cfg(any(feature = "postgres", feature = "mysql"))]

#[cfg(feature = "mysql")]
#[path = "cluster/conflicts.rs"]
mod conflicts;
#[cfg(feature = "postgres")]
#[path = "cluster/failover.rs"]
mod failover;
#[cfg(feature = "mysql")]
#[path = "cluster/galera.rs"]
mod galera;
#[cfg(feature = "mysql")]
#[path = "cluster/nodes.rs"]
mod nodes;
mod support;
#[path = "cluster/watch.rs"]
mod watch;
