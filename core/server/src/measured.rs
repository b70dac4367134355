//! A session's folder whose log is measured: how many bytes are written to it, and how long the disk takes to make
//! them durable.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use sluice_log::storage::{LockError, Locked, Storage, StorageFile};

use crate::metrics::Metrics;

/// The folder of the segments; what lies beside it is not measured.
const SEGMENTS: &str = "log/";

/// Another storage, measured.
#[derive(Clone)]
pub(crate) struct Measured<S> {
    pub storage: S,
    pub metrics: Arc<Metrics>,
}

pub(crate) struct MeasuredFile<F> {
    file: F,
    /// None: it is no segment.
    metrics: Option<Arc<Metrics>>,
}

impl<S: Storage> Measured<S> {
    fn measured(&self, name: &str, file: S::File) -> MeasuredFile<S::File> {
        let metrics = name.starts_with(SEGMENTS).then(|| Arc::clone(&self.metrics));
        MeasuredFile { file, metrics }
    }
}

impl<S: Storage> Storage for Measured<S> {
    type File = MeasuredFile<S::File>;
    type Reader = S::Reader;
    type Lock = S::Lock;

    fn lock(&self) -> Result<Locked<Self::Lock>, LockError> {
        self.storage.lock()
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.storage.list(folder)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.storage.read(name)
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        self.storage.length(name)
    }

    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.storage.read_at(name, offset, length)
    }

    fn reader(&self, name: &str) -> io::Result<Self::Reader> {
        self.storage.reader(name)
    }

    fn create(&self, name: &str) -> io::Result<Self::File> {
        self.storage.create(name).map(|file| self.measured(name, file))
    }

    fn open(&self, name: &str) -> io::Result<Self::File> {
        self.storage.open(name).map(|file| self.measured(name, file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.storage.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.storage.remove(name)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.storage.sync_folder(folder)
    }
}

impl<F: StorageFile> StorageFile for MeasuredFile<F> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(offset, bytes)?;
        if let Some(metrics) = &self.metrics {
            metrics.log_written_bytes_total.inc_by(written as u64);
        }
        Ok(written)
    }

    fn sync(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        self.file.sync()?;
        if let Some(metrics) = &self.metrics {
            metrics.log_sync_seconds.observe(begun.elapsed().as_secs_f64());
        }
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }
}
