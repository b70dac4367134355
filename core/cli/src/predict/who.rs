//! Who is asked: the model of a session, or a predictor that was exported.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use sluice_learn::Predictor;

use crate::arguments::{Predict, SessionFolder};
use crate::log;
use crate::ready::Ready;
use crate::settings::Settings;
use crate::whole::Target;

/// What is right where it was none.
const NEXT: &str =
    "Name a session, or a file that `sluice export model SESSION --format safetensors` wrote";
/// How a file in safetensors' format begins: with the length of its header, 8 bytes, and the header.
const HEADER_AT: usize = 8;
/// The format allows no longer header.
const LONGEST_HEADER: u64 = 100_000_000;

/// Who is asked must not be written over.
pub fn stays(arguments: &Predict, target: &Target<'_>) -> Result<()> {
    // What can't be looked at is told when it is read.
    if arguments.who.metadata().is_ok_and(|who| target.is(&who)) {
        bail!(
            "{} is the model that is asked; nothing was written. Name another file",
            arguments.to.display()
        );
    }
    Ok(())
}

/// The predictor of who was named.
pub fn predictor(
    arguments: &Predict,
    settings: &Settings,
    target: &Target<'_>,
) -> Result<Predictor> {
    let who = &arguments.who;
    let found = who.metadata().map_err(|error| {
        anyhow!("can't look at {}: {error}; nothing was written", who.display())
    })?;
    if found.is_file() { of_file(who) } else { of_session(arguments, settings, target) }
}

fn of_session(arguments: &Predict, settings: &Settings, target: &Target<'_>) -> Result<Predictor> {
    let storage = log::session(&SessionFolder { session: arguments.who.clone() })?;
    target.stay_outside_session(storage.root())?;
    let ready = Ready {
        pool: arguments.pool.as_deref(),
        arguments: &arguments.session_arguments,
        settings,
        nothing: "Nothing was written",
    };
    let service = ready.open(storage)?;
    let predictor = ready.predictor(&service);
    // The session is free again while the pictures are looked at.
    service.close();
    predictor
}

fn of_file(path: &Path) -> Result<Predictor> {
    let shown = path.display();
    let mut begin = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEADER_AT as u64 + 1).read_to_end(&mut begin))
        .with_context(|| format!("can't read {shown}; nothing was written"))?;
    if !may_be_safetensors(&begin) {
        bail!("{shown} {}; nothing was written. {NEXT}", instead(path, &begin));
    }
    let bytes = fs::read(path);
    let bytes = bytes.with_context(|| format!("can't read {shown}; nothing was written"))?;
    let read = Predictor::from_safetensors(&bytes);
    let read = read
        .map_err(|error| anyhow!("{shown} can't be asked: {error}; nothing was written. {NEXT}"));
    Ok(read?.0)
}

fn may_be_safetensors(begin: &[u8]) -> bool {
    let length = begin.first_chunk::<HEADER_AT>().map(|bytes| u64::from_le_bytes(*bytes));
    length.is_some_and(|length| length <= LONGEST_HEADER) && begin.get(HEADER_AT) == Some(&b'{')
}

/// What a file is that is no predictor in safetensors' format, as far as it can be told.
fn instead(path: &Path, begin: &[u8]) -> &'static str {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        _ if begin.starts_with(b"PK\x03\x04") => {
            "is a file in TorchScript, or another that PyTorch wrote, and `sluice predict` reads safetensors only \
             (examples/predictor of sluice asks it in Python)"
        }
        Some("onnx") => {
            "is a file in ONNX's format, and `sluice predict` reads safetensors only (examples/predictor of sluice \
             asks it in Python)"
        }
        _ => "is neither a session nor a predictor",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_file_begins_tells_what_it_is() {
        assert!(may_be_safetensors(b"\x40\0\0\0\0\0\0\0{\"a\""));
        for other in
            [&b""[..], b"{", b"\x40\0\0\0\0\0\0\0", b"\xff\xff\xff\xff\0\0\0\0{", b"GIF89a..{"]
        {
            assert!(!may_be_safetensors(other), "{other:?}");
        }
        assert!(instead(Path::new("a.pt"), b"PK\x03\x04").contains("TorchScript"));
        assert!(instead(Path::new("A.ONNX"), b"\x08\x08").contains("ONNX"));
        assert!(instead(Path::new("a.jpg"), b"").contains("neither"));
    }
}
