//! What the tests share: private servers, a database for each test, a recorder of the SQL that was sent.

// Each test binary takes what it needs.
#![allow(dead_code, unused_imports)]

pub mod fixture;
pub mod recorder {
    //! Records the SQL echo of the thread that it is made on.
    pub use folio_conformance::Recorder;
}
pub mod servers;
