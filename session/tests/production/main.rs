//! What a program in production relies on: asynchronous units that may be abandoned at any time (176 to 182).

mod async_units;
mod driver;
mod shop;
