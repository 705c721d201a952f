//! What a program in production relies on: asynchronous units that may be abandoned at any time (176 to 182), limits with
//! errors of their own (183 to 186), units that run exactly once (187 to 190), and what it sees of them (191 to 196).

#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod async_units;
mod driver;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod exactly_once;
#[cfg(any(feature = "postgres", feature = "mysql"))]
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod killed;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod limits;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod seen;
mod shop;
