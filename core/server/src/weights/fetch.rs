//! One file from the network: on a thread, with progress, gone on with where it was cut off, and kept under its
//! name only when its hash is right.

mod part;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::{StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};

use crate::bell::Bell;
use part::Part;

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
    /// Whether a person named that place, so that it may do without https when it is this very machine.
    pub is_mirror: bool,
    /// Where it is put; beside it, the part that is there.
    pub file: PathBuf,
    /// Hexadecimal digits, lower case, the first ones at least.
    pub sha256: String,
}

/// A fetch under way; dropping it ends it, and what is there is kept.
pub(super) struct Fetch {
    shared: Arc<Shared>,
    file: PathBuf,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    bytes: AtomicU64,
    /// 0: not known.
    of: AtomicU64,
    stop: AtomicBool,
    ended: OnceLock<Result<(), FetchError>>,
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Fetch {
    /// Begins when `predecessor` has ended: what [`end`](Self::end) gave for the same file.
    pub fn start(
        request: Request,
        predecessor: Option<JoinHandle<()>>,
        bell: Bell,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let file = request.file.clone();
        let worker = Worker { request, bell, shared: Arc::clone(&shared) };
        let thread = thread::Builder::new().name("weights".into()).spawn(move || {
            if let Some(predecessor) = predecessor {
                predecessor.join().ok();
            }
            worker.shared.ended.set(worker.run()).ok();
            worker.bell.ring();
        })?;
        Ok(Self { shared, file, thread: Some(thread) })
    }

    /// Ends it, and gives the thread that has the file as long as it waits for the sender.
    pub fn end(mut self) -> Option<JoinHandle<()>> {
        self.thread.take()
    }

    /// What came of it; nothing as long as it comes.
    pub fn ended(&self) -> Option<&Result<(), FetchError>> {
        self.shared.ended.get()
    }

    pub fn has_ended(&self) -> bool {
        self.ended().is_some()
    }

    /// Where the file is put.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Bytes that are there, and of how many, if that is known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        let of = self.shared.of.load(Ordering::Relaxed);
        (self.shared.bytes.load(Ordering::Relaxed), Some(of).filter(|of| *of > 0))
    }
}

/// Why a fetch ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
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
    #[error("only https is safe enough")]
    Insecure,
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

    /// Whether what came is of no use to another try.
    fn spoils_the_part(&self) -> bool {
        matches!(self, Self::Hash { .. } | Self::TooLarge)
    }

    /// What becomes of what came, `there` bytes, and what a person can do.
    pub fn next_step(&self, there: u64) -> &'static str {
        match self {
            error if error.spoils_the_part() => {
                "What came is not kept, and is fetched anew when the network is chosen again"
            }
            Self::Busy => "Choose the network again when they are there",
            Self::Insecure => "Name a mirror in the settings that has it",
            _ if there == 0 => "It is tried anew when the network is chosen again",
            _ => "What came is kept, and gone on with when the network is chosen again",
        }
    }
}

struct Worker {
    request: Request,
    bell: Bell,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(&self) -> Result<(), FetchError> {
        self.go_on()?;
        // The fetch before may have brought it to its end.
        if self.request.file.is_file() {
            return Ok(());
        }
        let agent = agent(&self.request)?;
        let mut part = Part::open(&self.request.file)?;
        self.shared.bytes.store(part.end()?, Ordering::Relaxed);
        let mut outcome = self.complete(&agent, &mut part);
        // What was gone on with may have been of another file, or the file was changed between two tries.
        if part.resumed && matches!(outcome, Err(FetchError::Hash { .. })) {
            part.restart()?;
            self.shared.bytes.store(0, Ordering::Relaxed);
            outcome = self.complete(&agent, &mut part);
        }
        match outcome {
            Ok(()) => part.keep(&self.request.file),
            Err(error) => {
                if error.spoils_the_part() {
                    part.discard()?;
                }
                Err(error)
            }
        }
    }

    /// Tries until everything is there, and looks whether it is right.
    fn complete(&self, agent: &Agent, part: &mut Part) -> Result<(), FetchError> {
        let mut failures = 0;
        loop {
            let before = part.end()?;
            let Err(error) = self.attempt(agent, part) else { break };
            let after = part.end()?;
            failures = if after > before { 0 } else { failures + 1 };
            if !error.may_pass() || failures >= TRIES {
                return Err(error);
            }
            tracing::info!(%error, "fetching weights is tried again");
            self.pause(PAUSE * 2_u32.pow(failures.saturating_sub(1)))?;
        }
        part.check(&self.request.sha256)
    }

    /// One request, from where the part ends.
    fn attempt(&self, agent: &Agent, part: &mut Part) -> Result<(), FetchError> {
        self.go_on()?;
        let mut there = part.end()?;
        let mut request = agent.get(&self.request.url);
        if there > 0 {
            request = request.header("Range", format!("bytes={there}-"));
        }
        let response = request.call()?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => part.resumed |= there > 0,
            // Nothing is left: the hash tells whether that is so.
            StatusCode::RANGE_NOT_SATISFIABLE if there > 0 => {
                part.resumed = true;
                return Ok(());
            }
            status if status.is_success() => {
                part.restart()?;
                there = 0;
            }
            status => return Err(FetchError::Status(status)),
        }
        let length = response.body().content_length();
        let whole = length.map(|length| there.saturating_add(length));
        if whole.is_some_and(|whole| whole > MOST_BYTES) {
            return Err(FetchError::TooLarge);
        }
        self.shared.of.store(whole.unwrap_or(0), Ordering::Relaxed);
        there = self.receive(response.into_body().into_reader(), part, there)?;
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
        part: &mut Part,
        mut there: u64,
    ) -> Result<u64, FetchError> {
        let (mut buffer, mut told) = (vec![0; 1 << 16], Instant::now());
        loop {
            self.shared.bytes.store(there, Ordering::Relaxed);
            if told.elapsed() > TOLD_EVERY {
                self.bell.ring();
                told = Instant::now();
            }
            self.go_on()?;
            let came = body.read(&mut buffer).map_err(FetchError::Cut)?;
            if came == 0 {
                return Ok(there);
            }
            there += came as u64;
            if there > MOST_BYTES {
                return Err(FetchError::TooLarge);
            }
            part.append(&buffer[..came])?;
        }
    }

    /// An error as soon as it is to end.
    fn go_on(&self) -> Result<(), FetchError> {
        if self.shared.stop.load(Ordering::Relaxed) { Err(FetchError::Stopped) } else { Ok(()) }
    }

    /// Waits, but not when it is to end.
    fn pause(&self, how_long: Duration) -> Result<(), FetchError> {
        let until = Instant::now() + how_long;
        while Instant::now() < until {
            self.go_on()?;
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// Who speaks https only, also after being sent elsewhere. A mirror that a person named may do without on this very
/// machine; then nobody is sent elsewhere, for what a plugin or a sender says must not lead to what is not https.
fn agent(request: &Request) -> Result<Agent, FetchError> {
    let uri: Uri = request.url.parse().map_err(|_| FetchError::Insecure)?;
    let is_here = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let is_plain = uri.scheme_str() != Some("https");
    if is_plain && !(request.is_mirror && is_here) {
        return Err(FetchError::Insecure);
    }
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .https_only(!is_plain)
        .http_status_as_error(false)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls);
    let config = if is_plain { config.max_redirects(0) } else { config };
    // A proxy is for the world outside.
    let config = if is_here { config.proxy(None) } else { config };
    Ok(config.build().new_agent())
}
