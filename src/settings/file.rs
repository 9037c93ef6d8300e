//! From a path to a [`Source`].

use std::fs::{File, FileType};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::model::{Diagnostic, Source, SourceId, Span, shown_path};

use super::codes;

/// The largest file that is read: 64 MB. Generated rule files of 100,000 topics have 14 MB; a log file named by mistake
/// stops here.
pub const MAX_FILE_BYTES: u64 = 64_000_000;

/// Reads a text file written by a person.
///
/// # Errors
/// `E007` if it is missing, can't be opened, is no ordinary file (to open a pipe would wait for whoever writes into it),
/// is larger than [`MAX_FILE_BYTES`] or is not UTF-8. The source that comes with the diagnostic is what could be read, so
/// that the place can be drawn; it is empty where nothing could.
pub fn read_source(id: SourceId, path: &Path) -> Result<Source, Box<(Diagnostic, Source)>> {
    let shown = shown_path(path);
    let fail = |diagnostic: Diagnostic| {
        let source = Source::new(id, path, "");
        let span = Span::new(id, 0..0);
        Err(Box::new((diagnostic.label(span, ""), source)))
    };
    if let Ok(metadata) = std::fs::metadata(path)
        && let Some(what) = not_a_file(metadata.file_type())
    {
        let diagnostic = Diagnostic::error(codes::UNREADABLE, format!("cannot read `{shown}`: it is {what}"));
        return fail(diagnostic.help("put the text into an ordinary file"));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        // What is asked for by growing is twice as much in the end.
        let expected = file.metadata()?.len().min(MAX_FILE_BYTES) + 1;
        bytes.reserve_exact(usize::try_from(expected).unwrap_or(0));
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
    });
    if let Err(error) = read {
        let diagnostic = Diagnostic::error(codes::UNREADABLE, format!("cannot read `{shown}`: {}", plain(&error)));
        return fail(match error.kind() {
            ErrorKind::NotFound => diagnostic.help("check the path; relative paths start at the working directory"),
            ErrorKind::PermissionDenied => diagnostic.help("let the user that vedetta runs as read it"),
            _ => diagnostic,
        });
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let title = format!("`{shown}` is larger than {MAX_FILE_BYTES} bytes");
        return fail(Diagnostic::error(codes::UNREADABLE, title).help("split it into several files"));
    }
    if is_utf16(&bytes) {
        let title = format!("`{shown}` is UTF-16, not UTF-8 text");
        return fail(Diagnostic::error(codes::UNREADABLE, title).help("save it as UTF-8"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(id, path, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            // Lossy reading puts one replacement character where the text stops being UTF-8, so `at` stays right.
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let span = Span::new(id, at..at + char::REPLACEMENT_CHARACTER.len_utf8());
            let diagnostic = Diagnostic::error(codes::UNREADABLE, format!("`{shown}` is not UTF-8 text"))
                .label(span, "this can't be read")
                .help("save it as UTF-8");
            Err(Box::new((diagnostic, Source::new(id, path, text))))
        }
    }
}

/// What a path leads to, if it is neither a file nor a folder.
fn not_a_file(kind: FileType) -> Option<&'static str> {
    if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_char_device() || kind.is_block_device() {
        Some("a device")
    } else {
        None
    }
}

/// Whether a text begins with the mark of UTF-16, or as such a text does without it: every other byte of ASCII is zero.
fn is_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [a, b, c, d, ..] => (*a == 0 && *c == 0 && *b != 0 && *d != 0) || (*a != 0 && *c != 0 && *b == 0 && *d == 0),
        _ => false,
    }
}

/// The system's words without its error number.
fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read_source(SourceId(0), &folder.path().join("none.toml")).unwrap_err();
        assert!(missing.0.title.ends_with("there is no such file"), "{}", missing.0.title);
        let not_a_file = read_source(SourceId(0), folder.path()).unwrap_err();
        assert!(not_a_file.0.title.ends_with("it is a folder"), "{}", not_a_file.0.title);

        let path = folder.path().join("latin1.toml");
        std::fs::write(&path, b"# ok\nname = \"citt\xe0\"\n").unwrap();
        let (diagnostic, source) = *read_source(SourceId(0), &path).unwrap_err();
        let place = source.line_column(diagnostic.labels[0].span.start as usize);
        assert_eq!((place.line, place.column), (2, 13));
        assert_eq!(diagnostic.help, ["save it as UTF-8"]);
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe.toml");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let refused = read_source(SourceId(0), &path).unwrap_err();
        assert!(refused.0.title.ends_with("it is a pipe"), "{}", refused.0.title);
        let device = read_source(SourceId(0), Path::new("/dev/zero")).unwrap_err();
        assert!(device.0.title.ends_with("it is a device"), "{}", device.0.title);
    }

    #[test]
    fn a_text_in_utf_16_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        let units = || "[[topic]]\n# città 导弹".encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for bytes in
            [[vec![0xff, 0xfe], little.clone()].concat(), [vec![0xfe, 0xff], big.clone()].concat(), little, big]
        {
            std::fs::write(&path, bytes).unwrap();
            let refused = read_source(SourceId(0), &path).unwrap_err();
            assert!(refused.0.title.ends_with("is UTF-16, not UTF-8 text"), "{}", refused.0.title);
        }
    }

    #[test]
    fn the_size_limit_holds_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.toml");
        let size = usize::try_from(MAX_FILE_BYTES).unwrap();
        std::fs::write(&path, vec![b'#'; size]).unwrap();
        assert!(read_source(SourceId(0), &path).is_ok());
        std::fs::write(&path, vec![b'#'; size + 1]).unwrap();
        assert!(read_source(SourceId(0), &path).unwrap_err().0.title.contains("larger than"));
    }
}
