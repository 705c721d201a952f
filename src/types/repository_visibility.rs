//! Who may see a repository, in the words of the platform that it comes from.

diesel_session::database_enum! {
    #[named = "visibility"]
    /// Who may see a repository, in the words of its origin, which tell more than its
    /// [status](crate::types::RepositoryStatus). The database stores the labels and refuses any other text.
    ///
    /// ```
    /// use folio::types::RepositoryVisibility;
    ///
    /// assert_eq!("internal".parse::<RepositoryVisibility>()?, RepositoryVisibility::Internal);
    /// # Ok::<(), folio::Error>(())
    /// ```
    pub enum RepositoryVisibility {
        /// Everyone.
        Public,
        /// Its owner, and those whom the owner admits.
        Private,
        /// Everyone in the owner's enterprise. The status of such a repository is `Private`.
        Internal,
    }
}
