//! One file from the network: on a thread, with progress, gone on with where it was cut off, and kept under its
//! name only when its hash is right.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::http::{StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};

use crate::bell::Bell;

/// A file larger than this is none of weights, bytes.
const MOST_BYTES: u64 = 10 << 30;
/// Tries in a row that bring nothing, and the pause after the first of them; each next one is twice as long.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// How long a sender may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// Progress is told so often.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// What is wanted.
pub(super) struct Request {
    pub url: String,
    /// Where it is put; beside it, the part that is there.
    pub file: PathBuf,
    /// Hexadecimal digits, lower case, the first ones at least.
    pub sha256: String,
}

/// A fetch under way; dropping it ends it, and what is there is kept.
pub(super) struct Fetch(Arc<Shared>);

#[derive(Default)]
struct Shared {
    bytes: AtomicU64,
    /// 0: not known.
    of: AtomicU64,
    stop: AtomicBool,
    ended: OnceLock<Result<PathBuf, String>>,
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

impl Fetch {
    pub fn start(request: Request, bell: Bell) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let part = request.file.with_added_extension("part");
        let worker = Worker { request, part, bell, shared: Arc::clone(&shared) };
        thread::Builder::new().name("weights".into()).spawn(move || {
            let outcome = worker.run();
            let outcome = outcome.map(|()| worker.request.file.clone());
            worker.shared.ended.set(outcome.map_err(|error| error.to_string())).ok();
            worker.bell.ring();
        })?;
        Ok(Self(shared))
    }

    /// The file, or why there is none; nothing as long as it comes.
    pub fn ended(&self) -> Option<Result<PathBuf, String>> {
        self.0.ended.get().cloned()
    }

    pub fn has_ended(&self) -> bool {
        self.0.ended.get().is_some()
    }

    /// Bytes that are there, and of how many, if that is known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        let of = self.0.of.load(Ordering::Relaxed);
        (self.0.bytes.load(Ordering::Relaxed), Some(of).filter(|of| *of > 0))
    }
}

/// Why a fetch ended.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0}")]
    Network(#[from] ureq::Error),
    #[error("the sender answered {0}")]
    Status(StatusCode),
    #[error("the connection was cut off ({0})")]
    Cut(io::Error),
    #[error("{} can't be written: {source}", .file.display())]
    Disk { file: PathBuf, source: io::Error },
    #[error("another sluice is fetching them")]
    Busy,
    #[error(
        "what came is another file: its SHA-256 begins with {found}, and {wanted} is published"
    )]
    Hash { found: String, wanted: String },
    #[error("it claims to be larger than {} GiB", MOST_BYTES >> 30)]
    TooLarge,
    #[error("{0} is not fetched: only https is safe enough")]
    Insecure(String),
    #[error("it was stopped")]
    Stopped,
}

impl FetchError {
    /// Whether another try may bring more.
    fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Network(error) => {
                !matches!(error, ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_))
            }
            Self::Cut(_) => true,
            _ => false,
        }
    }
}

struct Worker {
    request: Request,
    /// What is there, beside the file that it will be.
    part: PathBuf,
    bell: Bell,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(&self) -> Result<(), FetchError> {
        let part = &self.part;
        if let Some(folder) = part.parent() {
            fs::create_dir_all(folder).map_err(|source| self.disk(source))?;
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(part)
            .map_err(|source| self.disk(source))?;
        file.try_lock().map_err(|_| FetchError::Busy)?;
        let agent = agent(&self.request.url)?;
        let had = file.metadata().map_err(|source| self.disk(source))?.len();
        let mut outcome = self.complete(&agent, &mut file);
        // What was there before may have been of another file.
        if had > 0 && matches!(outcome, Err(FetchError::Hash { .. })) {
            file.set_len(0).map_err(|source| self.disk(source))?;
            outcome = self.complete(&agent, &mut file);
        }
        if let Err(FetchError::Hash { .. }) = outcome {
            fs::remove_file(part).map_err(|source| self.disk(source))?;
        }
        outcome?;
        file.sync_all().map_err(|source| self.disk(source))?;
        fs::rename(part, &self.request.file).map_err(|source| self.disk(source))
    }

    /// Tries until everything is there, and looks whether it is right.
    fn complete(&self, agent: &Agent, file: &mut File) -> Result<(), FetchError> {
        let mut failures = 0;
        loop {
            let before = file.metadata().map_or(0, |data| data.len());
            let Err(error) = self.attempt(agent, file) else { break };
            let after = file.metadata().map_or(0, |data| data.len());
            failures = if after > before { 0 } else { failures + 1 };
            if !error.may_pass() || failures >= TRIES {
                return Err(error);
            }
            tracing::info!(%error, "fetching weights is tried again");
            self.pause(PAUSE * 2_u32.pow(failures.saturating_sub(1)))?;
        }
        self.check(file)
    }

    /// One request, from where the part ends.
    fn attempt(&self, agent: &Agent, file: &mut File) -> Result<(), FetchError> {
        let mut there = file.seek(SeekFrom::End(0)).map_err(|source| self.disk(source))?;
        let mut request = agent.get(&self.request.url);
        if there > 0 {
            request = request.header("Range", format!("bytes={there}-"));
        }
        let response = request.call()?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {}
            // Nothing is left: the hash tells whether that is so.
            StatusCode::RANGE_NOT_SATISFIABLE if there > 0 => return Ok(()),
            status if status.is_success() => {
                file.set_len(0).map_err(|source| self.disk(source))?;
                there = file.seek(SeekFrom::Start(0)).map_err(|source| self.disk(source))?;
            }
            status => return Err(FetchError::Status(status)),
        }
        let length = response.body().content_length();
        let whole = length.map(|length| there.saturating_add(length));
        if whole.is_some_and(|whole| whole > MOST_BYTES) {
            return Err(FetchError::TooLarge);
        }
        self.shared.of.store(whole.unwrap_or(0), Ordering::Relaxed);
        there = self.receive(response.into_body().into_reader(), file, there)?;
        match whole {
            Some(whole) if there < whole => {
                Err(FetchError::Cut(io::ErrorKind::UnexpectedEof.into()))
            }
            _ => Ok(()),
        }
    }

    /// Writes what comes behind what is there; how much is there then.
    fn receive(
        &self,
        mut body: impl Read,
        file: &mut File,
        mut there: u64,
    ) -> Result<u64, FetchError> {
        let (mut buffer, mut told) = (vec![0; 1 << 16], Instant::now());
        loop {
            self.shared.bytes.store(there, Ordering::Relaxed);
            if told.elapsed() > TOLD_EVERY {
                self.bell.ring();
                told = Instant::now();
            }
            if self.shared.stop.load(Ordering::Relaxed) {
                return Err(FetchError::Stopped);
            }
            let came = body.read(&mut buffer).map_err(FetchError::Cut)?;
            if came == 0 {
                return Ok(there);
            }
            there += came as u64;
            if there > MOST_BYTES {
                return Err(FetchError::TooLarge);
            }
            file.write_all(&buffer[..came]).map_err(|source| self.disk(source))?;
        }
    }

    fn check(&self, file: &mut File) -> Result<(), FetchError> {
        file.seek(SeekFrom::Start(0)).map_err(|source| self.disk(source))?;
        let mut hash = Sha256::new();
        io::copy(file, &mut hash).map_err(|source| self.disk(source))?;
        let (found, wanted) = (format!("{:x}", hash.finalize()), &self.request.sha256);
        if found.starts_with(wanted) {
            return Ok(());
        }
        let found = found[..wanted.len().min(found.len())].to_owned();
        Err(FetchError::Hash { found, wanted: wanted.clone() })
    }

    fn disk(&self, source: io::Error) -> FetchError {
        FetchError::Disk { file: self.part.clone(), source }
    }

    /// Waits, but not when it is to end.
    fn pause(&self, how_long: Duration) -> Result<(), FetchError> {
        let until = Instant::now() + how_long;
        while Instant::now() < until {
            if self.shared.stop.load(Ordering::Relaxed) {
                return Err(FetchError::Stopped);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// Who speaks https only, also after being sent elsewhere; except with this very machine.
fn agent(url: &str) -> Result<Agent, FetchError> {
    let parsed: Uri = url.parse().map_err(|_| FetchError::Insecure(url.to_owned()))?;
    let is_here = matches!(parsed.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if parsed.scheme_str() != Some("https") && !is_here {
        return Err(FetchError::Insecure(url.to_owned()));
    }
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .https_only(!is_here)
        .http_status_as_error(false)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls);
    // A proxy is for the world outside.
    let config = if is_here { config.proxy(None) } else { config };
    Ok(config.build().new_agent())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

    use std::io::{BufRead, BufReader};
    use std::net::{TcpListener, TcpStream};
    use std::path::Path;
    use std::sync::mpsc::Receiver;

    use super::*;

    fn content() -> Vec<u8> {
        (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
    }

    fn hash(bytes: &[u8]) -> String {
        format!("{:x}", Sha256::digest(bytes))
    }

    /// Answers each request with what `answer` writes, given where the range begins.
    fn serve(answer: impl Fn(&mut TcpStream, usize) + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/net.pth", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head = lines.map(Result::unwrap).take_while(|line| !line.is_empty());
                let head: Vec<String> = head.map(|line| line.to_lowercase()).collect();
                let range = head.iter().find_map(|line| line.strip_prefix("range: bytes="));
                let from = range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
                answer(&mut stream, from);
            }
        });
        url
    }

    /// Sends what is asked for, `at_most` bytes of it, and hangs up.
    fn send(stream: &mut TcpStream, bytes: &[u8], from: usize, at_most: usize) {
        let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
        let rest = &bytes[from..];
        let length = rest.len();
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&rest[..at_most.min(length)]).ok();
    }

    fn fetch(folder: &Path, url: &str, sha256: &str) -> (Fetch, Receiver<()>) {
        let (bell, hear) = Bell::new();
        let file = folder.join("net.pth");
        let request = Request { url: url.to_owned(), file, sha256: sha256.to_owned() };
        (Fetch::start(request, bell).unwrap(), hear)
    }

    fn fetched(folder: &Path, url: &str, sha256: &str) -> Result<Vec<u8>, String> {
        let (fetch, hear) = fetch(folder, url, sha256);
        loop {
            if let Some(outcome) = fetch.ended() {
                return outcome.map(|file| fs::read(file).unwrap());
            }
            hear.recv_timeout(Duration::from_mins(1)).expect("it ends");
        }
    }

    #[test]
    fn a_connection_that_is_cut_again_and_again_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let url = serve(|stream, from| send(stream, &content(), from, 90_000));
        assert_eq!(fetched(folder.path(), &url, &hash(&content())), Ok(content()));
        assert!(!folder.path().join("net.pth.part").exists());
    }

    #[test]
    fn what_an_earlier_run_left_is_gone_on_with_and_what_is_of_another_file_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("net.pth.part");
        let url = serve(|stream, from| {
            assert_eq!(from, 100_000, "only the rest is asked for");
            send(stream, &content(), from, usize::MAX);
        });
        fs::write(&part, &content()[..100_000]).unwrap();
        assert_eq!(fetched(folder.path(), &url, &hash(&content())[..8]), Ok(content()));
        let url = serve(|stream, from| send(stream, &content(), from, usize::MAX));
        fs::write(&part, vec![7; 100_000]).unwrap();
        assert_eq!(fetched(folder.path(), &url, &hash(&content())), Ok(content()));
        // Who knows nothing of ranges sends everything again.
        let url = serve(|stream, _| send(stream, &content(), 0, usize::MAX));
        fs::write(&part, &content()[..100_000]).unwrap();
        assert_eq!(fetched(folder.path(), &url, &hash(&content())), Ok(content()));
        // Everything was there already.
        let url = serve(|stream, _| {
            let empty = "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(empty.as_bytes()).unwrap();
        });
        fs::write(&part, content()).unwrap();
        assert_eq!(fetched(folder.path(), &url, &hash(&content())), Ok(content()));
    }

    #[test]
    fn another_file_is_refused_and_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let url = serve(|stream, from| send(stream, &[1; 1000], from, usize::MAX));
        let why = fetched(folder.path(), &url, &hash(&content())[..8]).unwrap_err();
        assert!(why.contains("another file"), "{why}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_sender_that_has_no_such_file_is_not_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let url = serve(|stream, _| {
            let gone = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(gone.as_bytes()).unwrap();
        });
        let why = fetched(folder.path(), &url, &hash(&content())).unwrap_err();
        assert!(why.contains("404"), "{why}");
    }

    #[test]
    fn nobody_there_is_told_and_nothing_but_https_is_spoken_with_the_world() {
        let folder = tempfile::tempdir().unwrap();
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let why = fetched(folder.path(), &format!("http://{nobody}/net.pth"), "00").unwrap_err();
        assert!(!why.is_empty());
        let why = fetched(folder.path(), "http://example.org/net.pth", "00").unwrap_err();
        assert!(why.contains("https"), "{why}");
    }

    #[test]
    fn two_at_once_do_not_write_into_one_file_and_what_is_there_outlives_a_stop() {
        let folder = tempfile::tempdir().unwrap();
        let url = serve(|stream, from| {
            send(stream, &content(), from, 50_000);
            thread::sleep(Duration::from_secs(3));
        });
        let (first, hear) = fetch(folder.path(), &url, &hash(&content()));
        while first.progress().0 < 50_000 {
            let _ = hear.recv_timeout(Duration::from_millis(20));
        }
        let why = fetched(folder.path(), &url, &hash(&content())).unwrap_err();
        assert!(why.contains("another sluice"), "{why}");
        drop(first);
        let kept = fs::read(folder.path().join("net.pth.part")).unwrap();
        assert_eq!(kept, content()[..50_000]);
    }
}
