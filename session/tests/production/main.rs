//! What a program in production relies on: asynchronous units that may be abandoned at any time (176 to 182), limits with
//! errors of their own (183 to 186), units that run exactly once (187 to 190), and what it sees of them (191 to 193).

mod async_units;
mod driver;
mod exactly_once;
mod limits;
mod seen;
mod shop;
