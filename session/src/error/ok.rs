//! `Ok` with this crate's error, for closures.

use super::Result;

/// `Ok` of this crate's [`Result`]: names the error type of a closure at its end instead of in its signature.
///
/// `begin` takes a closure with any error that `Error` converts into. If the call is followed by `?`, nothing tells the
/// compiler which one it is, unless the closure says so. Write it with the crate's name, so that `Ok` stays the
/// standard one.
///
/// ```
/// # include!("../../docs/example_tables.rs");
/// # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let db = database()?;
/// db.begin(|session| {
///     session.add(NewUser::new(1, "step")?);
///     diesel_session::Ok(())
/// })?;
/// // The same, with the type in the signature.
/// db.begin(|session| -> Result<()> {
///     session.add(NewUser::new(2, "std")?);
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// None: it is `Ok`.
#[allow(non_snake_case, reason = "it stands for `Result::Ok`")]
pub fn Ok<T>(value: T) -> Result<T> {
    Result::Ok(value)
}
