//! Who may see a repository.

diesel_session::database_enum! {
    #[diesel(sql_type = crate::types::sql_types::RepositoryStatus)]
    #[named = "repository status"]
    /// Who may see a repository. The database stores the labels `Public` and `Private` and refuses any other text.
    ///
    /// ```
    /// use folio::types::RepositoryStatus;
    ///
    /// let status: RepositoryStatus = "private".parse()?;
    /// assert_eq!(status, RepositoryStatus::Private);
    /// assert_eq!(status.to_string(), "Private");
    ///
    /// let error = "secret".parse::<RepositoryStatus>().unwrap_err();
    /// assert_eq!(error.to_string(), r#"repository status: "secret" is not one of Public, Private"#);
    /// # Ok::<(), folio::Error>(())
    /// ```
    pub enum RepositoryStatus {
        /// Everyone.
        Public,
        /// Its owner, and those whom the owner admits.
        Private,
    }
}
