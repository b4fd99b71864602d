//! Where the secret that signs tokens comes from. It is never printed.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The file in which a development server keeps its secrets.
const DEV_VARS: &str = ".dev.vars";

/// A secret that no message and no debug output shows.
pub struct Secret(String);

impl Secret {
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The variable's value in the environment, else in the named file, else in the nearest `.dev.vars`
/// from `directory` upwards.
pub fn find(name: &str, file: Option<&Path>, directory: &Path) -> Result<Secret, Error> {
    let missing = || Error::NoSecret { name: name.to_owned() };
    let from_environment = std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(value) = from_environment.filter(|_| file.is_none()) {
        return Ok(Secret(value));
    }
    let path = match file {
        Some(path) => path.to_owned(),
        None => nearest(directory).ok_or_else(missing)?,
    };
    read(&path, name)?.map(Secret).ok_or_else(missing)
}

fn nearest(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().map(|above| above.join(DEV_VARS)).find(|path| path.is_file())
}

fn read(path: &Path, name: &str) -> Result<Option<String>, Error> {
    let unreadable = |why: String| Error::File { path: path.to_owned(), why };
    let entries = dotenvy::from_path_iter(path).map_err(|problem| unreadable(problem.to_string()))?;
    for entry in entries {
        // The parser's own message quotes the line, and with it perhaps a secret.
        let (key, value) = entry.map_err(|_| unreadable("it is not in the form NAME=value".into()))?;
        if key == name && !value.is_empty() {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A variable that no environment has, so that only files decide.
    const NAME: &str = "ONWAY_TEST_SECRET_NOWHERE_SET";

    fn directory(test: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("onway-secret-{}-{test}", std::process::id()));
        fs::create_dir_all(path.join("deep/down")).unwrap();
        path
    }

    #[test]
    fn the_nearest_file_upwards_is_read() {
        let root = directory("nearest");
        fs::write(root.join(DEV_VARS), format!("# a comment\nOTHER=1\n{NAME}=\"s3cret\"\n")).unwrap();
        let found = find(NAME, None, &root.join("deep/down")).unwrap();
        assert_eq!(found.as_bytes(), b"s3cret");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_missing_secret_says_what_to_set() {
        let root = directory("missing");
        fs::write(root.join(DEV_VARS), "OTHER=1\n").unwrap();
        let message = find(NAME, None, &root).unwrap_err().to_string();
        assert!(message.contains(NAME) && message.contains(".dev.vars"), "{message}");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret("s3cret".into())), "Secret(…)");
        let root = directory("broken");
        fs::write(root.join(DEV_VARS), "s3cret without a name\n").unwrap();
        let message = find(NAME, None, &root).unwrap_err().to_string();
        assert!(!message.contains("s3cret"), "{message}");
        fs::remove_dir_all(root).unwrap();
    }
}
