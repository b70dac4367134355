//! The text of a file, if its encoding is known. Nothing is guessed: a wrong guess would make other paths of it.

use anyhow::{Result, anyhow, bail};

/// UTF-8, or UTF-16 that begins with a byte order mark.
pub fn decoded(mut bytes: Vec<u8>) -> Result<String> {
    let text = if let Some(units) = bytes.strip_prefix(b"\xff\xfe") {
        utf16(units, u16::from_le_bytes)?
    } else if let Some(units) = bytes.strip_prefix(b"\xfe\xff") {
        utf16(units, u16::from_be_bytes)?
    } else {
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        utf8(bytes)?
    };
    if let Some(place) = text.find('\0') {
        bail!(
            "line {} has a zero byte in it, so it is no text, or UTF-16 without a mark that says so. Save it as \
             UTF-8",
            line(&text.as_bytes()[..place])
        );
    }
    Ok(text)
}

fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        anyhow!(
            "line {}, byte {} of its text (hexadecimal {:02x}), is not UTF-8. Save it as UTF-8; if it comes from \
             an older Windows program, `iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW` may do that",
            line(&bytes[..place]),
            place + 1,
            bytes.get(place).copied().unwrap_or_default()
        )
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(c) => text.push(c),
            Err(_) => bail!(
                "it begins as UTF-16, but line {} is none. Save it as UTF-8",
                line(text.as_bytes())
            ),
        }
    }
    if !rest.is_empty() {
        bail!("it begins as UTF-16, but ends in the middle of a character: it is not whole");
    }
    Ok(text)
}

/// The line that follows these bytes, counted from 1.
fn line(before: &[u8]) -> usize {
    before.split(|byte| *byte == b'\n').count()
}
