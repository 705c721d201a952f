//! The service over HTTP: what it answers (`answers`), and how it behaves under load, with a full pool and with a server
//! that is killed (`load`).

#[cfg(feature = "sqlite")]
mod answers;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod client;
#[cfg(feature = "postgres")]
mod load;
