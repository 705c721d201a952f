//! Traits that close others: what only this crate implements may gain methods without breaking anyone's code.
//!
//! ```compile_fail,E0277
//! use diesel_session::Session;
//! use diesel_session::connection::AnyConnection;
//! use diesel_session::session::Deletable;
//!
//! struct Mine;
//!
//! impl Deletable<AnyConnection> for Mine {
//!     fn mark(self, _: &mut Session<'_, AnyConnection>, _: bool) -> diesel_session::Result<()> {
//!         Ok(())
//!     }
//! }
//! ```

/// Closes [`Persist`](super::Persist).
pub trait Persist<C> {}

/// Closes [`Deletable`](super::Deletable).
pub trait Deletable<C> {}

/// Closes [`Statement`](super::Statement).
pub trait Statement {}
