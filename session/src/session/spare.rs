//! A connection that may have been lost since it was last used: its first statement shows that, and is sent again on
//! another one.

use std::time::Duration;

use super::Session;
use crate::connection::{Echo, ReadLimit, SessionConnection};
use crate::error::{ErrorClass, Result};

/// Opens another connection in place of one, and returns its echo.
type Open<'c, C> = Box<dyn FnOnce(&mut C) -> Result<Option<Echo>> + Send + 'c>;

/// What replaces a connection that may have been lost since it was last used.
pub(crate) struct Spare<'c, C> {
    /// The time that its first statement may take at most, and the limit to be lowered for it.
    pub(crate) limit: (ReadLimit, Duration),
    /// Opens another connection in its place. To take one from a pool would be to wait for the others that are lost.
    pub(crate) open: Open<'c, C>,
}

impl<'c, C: SessionConnection> Session<'c, C> {
    /// Sets what replaces the connection if it turns out to be lost before anything was done on it.
    pub(crate) fn with_spare(mut self, spare: Option<Spare<'c, C>>) -> Self {
        self.spare = spare;
        self
    }

    /// Sends a statement before which nothing was done on the connection: if that is lost, on another one.
    pub(super) fn first<T>(&mut self, send: impl Fn(&mut Self) -> Result<T>) -> Result<T> {
        let Some(spare) = self.spare.take() else { return send(self) };
        let (limit, time) = &spare.limit;
        let limit = limit.at_most(*time);
        let sent = send(self);
        drop(limit);
        match sent {
            Err(error) if error.class() == ErrorClass::Unavailable => {
                self.observers.echo = (spare.open)(&mut **self.connection)?;
                send(self)
            }
            sent => {
                self.spare = Some(spare);
                sent
            }
        }
    }
}
