//! Whose account it is.

diesel_session::database_enum! {
    #[named = "kind of account"]
    /// Whose account it is. The database stores the labels and refuses any other text.
    ///
    /// ```
    /// use folio::types::AccountKind;
    ///
    /// assert_eq!("organization".parse::<AccountKind>()?, AccountKind::Organization);
    /// # Ok::<(), folio::Error>(())
    /// ```
    pub enum AccountKind {
        /// A person.
        User,
        /// An organization.
        Organization,
        /// A program.
        Bot,
    }
}
