//! The command line. Help, man pages and completions come from here.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Patterns and exit codes, as `--help` and the man page give them.
pub const AFTER_HELP: &str = "\
Where a command takes several datasets or arrays, a name may be a pattern: * is any characters but '/', ** with '/' around \
it any path, ? one character, [ab] one of these. A dataset or an array of just this name goes first; otherwise [*] is the \
character * itself.

STORE is a folder. A tool that was built with the feature `object` takes a URL as well, here and wherever a store is named: \
s3://bucket/key, gs://, az://. docs/buckets.md says what is different there.

Exit status:
  0  done
  1  a store or a NetCDF file is damaged, a store mixes commits, the self-test failed, arrays were left out or differ, or
     one has what the other side has nothing for
  2  the command line is wrong, or asks for what the arrays do not have
  3  no such store, dataset, array or generation
  4  another process is writing to the store
  5  any other error: input and output, permissions, a full disk";

/// Types that an attribute can be given.
const ATTRIBUTE_TYPES: [&str; 14] =
    ["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "f32", "f64", "timestamp_ns", "string"];

/// Looks into Atlas stores, checks them, and tidies them up.
#[derive(Parser)]
#[command(name = "atlas", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    /// Print one JSON document; errors, too, on standard error
    #[arg(long, global = true)]
    pub json: bool,

    /// Print no progress, no warnings, and nothing that the exit status says
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// List datasets, or the arrays of one
    #[command(after_help = "\
Examples:
  atlas ls runs.atlas january
  atlas ls -l runs.atlas 'station/*'")]
    Ls {
        /// Which store
        #[command(flatten)]
        store: StoreArgs,
        /// List the arrays of this dataset, or the datasets that match this pattern
        dataset: Option<String>,
        /// Datasets: how many arrays and attributes. Arrays: type, shape, chunks, compression
        #[arg(short, long)]
        long: bool,
    },
    /// Generation, counts, bytes and notation of a store, and the commits to go back to
    Info {
        /// Which store
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Describe a store, a dataset or an array like `ncdump -h`; values on demand
    #[command(after_help = "\
Cells equal to the fill value are printed as _. Floats are printed with the fewest digits that read back as the same \
number.\n
Times are printed as dates: those of timestamp_ns, and of arrays whose attribute `units` is a time of the CF conventions \
(\"days since 2000-01-01\"), in the calendar that the attribute `calendar` names. In JSON the values stay numbers, and \
`dates` has the dates.\n
With --csv there is a column for each dimension and each array: arrays of other dimensions are to be named apart, but for \
the coordinates, arrays of one dimension that have its name; without them a dimension's column has indices. Several datasets \
have theirs in a first column. A missing cell is empty, and with --plain NaN.\n
Examples:
  atlas show runs.atlas january 'temperature[0:3,:]'
  atlas show runs.atlas january temperature --start 0,0 --count 3,180
  atlas show runs.atlas 'station/*' 'wind_*[-1]'
  atlas show --csv runs.atlas 'station/*' 'wind_*' >winds.csv")]
    Show {
        /// Which store
        #[command(flatten)]
        store: StoreArgs,
        /// Only this dataset, or those that match this pattern
        dataset: Option<String>,
        /// Only this array, or those that match. With a region behind it its values: [0:3,5] takes rows 0, 1, 2 of column 5; a missing end is
        /// the array's, a negative index counts from it
        #[arg(value_name = "ARRAY[REGION]")]
        array: Option<String>,
        /// Print the values, too
        #[arg(short, long)]
        values: bool,
        /// Print only the values: a line for each cell, with its coordinates
        #[arg(long)]
        csv: bool,
        /// Print only the values of one array: a line for each row of its last dimension, with blanks between numbers
        #[arg(long, conflicts_with = "csv")]
        plain: bool,
        /// Print times as the numbers that they are stored as
        #[arg(long)]
        raw: bool,
        /// First cell of the values along each dimension
        #[arg(long, value_name = "I,...", value_delimiter = ',', requires = "array")]
        start: Option<Vec<u64>>,
        /// Cells along each dimension
        #[arg(long, value_name = "N,...", value_delimiter = ',', requires = "array")]
        count: Option<Vec<u64>>,
    },
    /// Minimum, maximum, cells and missing cells of arrays, without reading their values
    #[command(after_help = "\
Times are printed as dates, as `atlas show` does. In JSON they stay numbers, and `min_date` and `max_date` have the dates.")]
    Stats {
        /// Which store
        #[command(flatten)]
        store: StoreArgs,
        /// Only this dataset, or those that match this pattern
        dataset: Option<String>,
        /// Only this array, or those that match this pattern
        array: Option<String>,
        /// For each chunk
        #[arg(long)]
        chunks: bool,
        /// Print times as the numbers that they are stored as
        #[arg(long)]
        raw: bool,
    },
    /// Compare two stores, or two commits of one: datasets, arrays, attributes, values
    #[command(
        override_usage = "\
atlas diff [OPTIONS] STORE OTHER
       atlas diff [OPTIONS] STORE --at COMMIT",
        after_help = "\
What the other has not is gone, what only the other has is added. Attributes are compared bit for bit; of arrays the type, \
the dimensions, the fill value, and the values of the cells that both have, chunk by chunk, with memory for one of each. How \
an array is stored (chunks, compression) is no difference. Values of different types are not compared.\n
NaN equals NaN, and a missing cell a missing cell. The largest differences are those of cells that differ, and are numbers in \
both. With --tolerance and --relative a cell differs where its difference is above both.\n
A COMMIT is a generation or the name of a pin. The exit status is 0 where there is no difference, 1 where there is one, and \
another where that could not be found out: 5 for a store that is damaged.\n
Examples:
  atlas diff runs.atlas copy.atlas
  atlas diff runs.atlas --at 41
  atlas diff runs.atlas --at released --other-at 41 -d 'station/*' -a temperature --relative 1e-6"
    )]
    Diff {
        /// The store's folder
        #[arg(value_name = "STORE")]
        first: PathBuf,
        /// Another store's; by default the same
        #[arg(value_name = "OTHER")]
        second: Option<PathBuf>,
        /// The commit of STORE; by default the last
        #[arg(long, value_name = "COMMIT")]
        at: Option<String>,
        /// The commit of OTHER; by default the last
        #[arg(long, value_name = "COMMIT")]
        other_at: Option<String>,
        /// Only this dataset, or those that match this pattern
        #[arg(short, long = "dataset", value_name = "DATASET")]
        datasets: Vec<String>,
        /// Only this array of each dataset, or those that match this pattern
        #[arg(short, long = "array", value_name = "ARRAY")]
        arrays: Vec<String>,
        /// The largest difference of two numbers that is none
        #[arg(long, value_name = "D", default_value_t = 0.0, value_parser = limit)]
        tolerance: f64,
        /// The same as a part of the larger amount
        #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = limit)]
        relative: f64,
    },
    /// Draw an array: as a PNG file, or in the terminal
    #[command(after_help = "\
Two dimensions are a map in colours, one is a line; others are to be chosen from by the region. The axes have the coordinates \
of their dimensions, arrays of one dimension that have its name, and otherwise indices. What ascends along the rows goes up, \
so north is above, unless its attribute `positive` is \"down\". Missing cells are transparent. Where there are more cells than \
pixels, a pixel has the mean of its cells, and a line all that they are apart. Of complex numbers the amount is drawn.\n
Without -o the picture is of half blocks in the colours that the terminal has (COLORTERM, TERM), and of plain characters \
elsewhere, and where NO_COLOR is set.\n
The command is in a tool that was built with the feature `plot`.\n
Examples:
  atlas plot runs.atlas january 'temperature[0]' -o january.png
  atlas plot runs.atlas january 'temperature[-1]' --map blue-red --range=-20,20 -o anomaly.png
  atlas plot runs.atlas january 'temperature[:,10,20]'")]
    Plot(Plot),
    /// Write references by which Zarr tools read the arrays in place: xarray, zarr-python, GDAL
    #[command(after_help = "\
The references are kerchunk's, version 1: a JSON file for each dataset, which `xarray.open_dataset(FILE, \
engine=\"kerchunk\")` opens. Chunks that have no bytes of their own in a file are copied into it.\n
They are those of one commit, and valid as long as the store keeps it. So it is pinned, which is a commit of its own: under \
the name `refs-N`, N its generation, or that of --pin, until `atlas unpin`. Where there is this pin of the commit, or of \
one since which nothing but pins has changed, it is used, and the store is not written to. A store that cannot be written, \
or that another process is writing to, takes a pin that is there, or --no-pin.\n
Arrays that these tools cannot read are left out, named on standard error, and make the exit status 1 unless --lenient is \
given: names that are reserved or have a '/' or a '\\', and a dimension whose name has another extent in an array before. \
With --stacked also arrays that not all datasets have alike.\n
Examples:
  atlas refs runs.atlas january -o january.json
  atlas refs runs.atlas -o references
  atlas refs runs.atlas --stacked -o ensemble.json")]
    Refs {
        /// Which store
        #[command(flatten)]
        store: StoreArgs,
        /// Only these datasets, or those that match these patterns
        #[arg(value_name = "DATASET")]
        datasets: Vec<String>,
        /// Where to: a file for one dataset or --stacked, by default standard output; a folder, with a file for each dataset
        #[arg(short, long, value_name = "FILE|DIR")]
        output: Option<PathBuf>,
        /// All datasets in one file, each array with one more dimension before its own: `dataset`
        #[arg(long)]
        stacked: bool,
        /// Where readers find the store's folder: an absolute path, or a URL. By default where it is
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// The version of Zarr's metadata
        #[arg(long, value_name = "2|3", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
        zarr_format: u8,
        /// Exit with 0 also where arrays were left out
        #[arg(long)]
        lenient: bool,
        /// Pin the commit under this name, or use the pin of it that there is. By default `refs-N`, N its generation
        #[arg(long, value_name = "NAME")]
        pin: Option<String>,
        /// Pin nothing: the references hold only as long as the store keeps the commit
        #[arg(long, conflicts_with = "pin")]
        no_pin: bool,
    },
    /// Add NetCDF files to a store, each as a dataset, in one commit
    #[command(after_help = "\
STORE is made where there is none. A dataset has the name of its file, without folders and extension, and a group of the \
file is a dataset of its own, with '/' in its name. Values, types, attributes, fill values, chunks and the dimensions that \
may grow are those of the file, bit for bit: nothing is scaled, masked or decoded. docs/netcdf.md says what becomes what.\n
A file that is damaged or truncated, or has what a store has nothing for (enum, compound, opaque and vlen types), is named, \
and the store stays as it was. Memory is bounded.\n
The command is in a tool that was built with the feature `netcdf`.\n
Examples:
  atlas import sst.nc winds.nc runs.atlas
  atlas import --relative-to /data /data/*/sst.nc runs.atlas
  atlas import --check sst.nc winds.nc runs.atlas")]
    Import(Import),
    /// Write datasets to a NetCDF-4 file
    #[command(after_help = "\
One DATASET is the file, and datasets below it, with '/' behind its name, are its groups. Several, or all where none is \
given, are groups of the file by their names. What `atlas import` made of a file comes back as it was, apart from the \
order of bytes, and from how it is compressed.\n
NetCDF has no f16 (written as f32), no bool (bytes, with the attribute dtype = \"bool\") and no times (i64, with units); \
complex numbers are refused, as is an array with '/' in its name. docs/netcdf.md says what becomes what. The file appears \
when it is complete.\n
The command is in a tool that was built with the feature `netcdf`.\n
Examples:
  atlas export runs.atlas sst -o sst.nc
  atlas export runs.atlas -o all.nc --level 4")]
    Export(Export),
    /// Bytes by array name: files, live, dead
    Du {
        /// Which store
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Check every byte, and name what is damaged
    Verify {
        /// Which store
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Free the bytes of deleted and overwritten values
    Compact {
        /// The store's folder
        store: PathBuf,
    },
    /// Give a dataset another name
    #[command(after_help = "\
It is a commit. Whatever the dataset's size, nothing of it is moved. Datasets below it, with '/' behind its name, keep theirs.")]
    Mv {
        /// The store's folder
        store: PathBuf,
        /// The dataset
        dataset: String,
        /// Its new name
        #[arg(value_name = "NEW")]
        name: String,
    },
    /// Copy a dataset within a store, or datasets to another one
    #[command(
        override_usage = "\
atlas cp [OPTIONS] STORE DATASET NEW
       atlas cp [OPTIONS] STORE [DATASET]... --to OTHER",
        after_help = "\
Attributes, definitions and values are copied, with memory for a chunk at a time, in one commit: all of it, or nothing. \
With --to the other store is made where there is none, and without DATASET all datasets are copied, but not the attributes \
of the store itself. With --generation the datasets are those of an earlier commit: so one that was deleted or overwritten \
comes back.\n
Examples:
  atlas cp runs.atlas january january-2
  atlas cp runs.atlas 'station/*' --to stations.atlas
  atlas cp runs.atlas january january --generation 41 --replace"
    )]
    Cp {
        /// Which store
        #[command(flatten)]
        store: StoreArgs,
        /// The dataset and the name of its copy; with --to datasets, or patterns
        #[arg(value_name = "DATASET")]
        datasets: Vec<String>,
        /// Copy to this store
        #[arg(long, value_name = "OTHER")]
        to: Option<PathBuf>,
        /// What one dataset is called in the other store
        #[arg(long, value_name = "NEW", requires = "to")]
        name: Option<String>,
        /// Replace datasets that are there
        #[arg(long)]
        replace: bool,
    },
    /// Delete datasets or arrays, whatever of them is damaged
    #[command(after_help = "\
It is a commit: `atlas rollback` undoes it as long as the commit before it is kept. The bytes are given back by \
`atlas compact`.\n
Examples:
  atlas rm runs.atlas january
  atlas rm runs.atlas 'station/*' pressure")]
    Rm {
        /// The store's folder
        store: PathBuf,
        /// The dataset, or a pattern
        dataset: String,
        /// Only this array, or those that match this pattern
        array: Option<String>,
    },
    /// Set an attribute of a dataset, an array or the store
    #[command(
        override_usage = "atlas set [OPTIONS] STORE [DATASET[:ARRAY]] KEY VALUE",
        after_help = "\
Without --type a VALUE that is an integer is i64 (u64 where it is too large for that), one that is another number f64, \
and all else a text. Numbers with commas between them are a list; other lists are told by --split. Without DATASET it is \
an attribute of the store. DATASET and ARRAY may be patterns. It is a commit.\n
Examples:
  atlas set runs.atlas january:temperature units degC
  atlas set runs.atlas january:temperature valid_range -80,60 --type f32
  atlas set runs.atlas 'station/*' authors 'Ada; Grace' --split ';'
  atlas set runs.atlas title 'all runs'"
    )]
    Set {
        /// The store's folder
        store: PathBuf,
        /// Whose attribute; left out for one of the store
        #[arg(value_name = "DATASET[:ARRAY]")]
        first: String,
        /// Its name
        #[arg(value_name = "KEY", allow_hyphen_values = true)]
        second: String,
        /// Its value
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        third: Option<String>,
        /// The type of the value
        #[arg(short = 't', long = "type", value_name = "TYPE", value_parser = ATTRIBUTE_TYPES)]
        dtype: Option<String>,
        /// The value is a list, with this text between its elements
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        split: Option<String>,
    },
    /// Delete an attribute of a dataset, an array or the store
    #[command(
        after_help = "\
It is a commit. Where DATASET or ARRAY is a pattern, those that have no such attribute are passed over.\n
Examples:
  atlas unset runs.atlas january:temperature units
  atlas unset runs.atlas title",
        override_usage = "atlas unset [OPTIONS] STORE [DATASET[:ARRAY]] KEY"
    )]
    Unset {
        /// The store's folder
        store: PathBuf,
        /// Whose attribute; left out for one of the store
        #[arg(value_name = "DATASET[:ARRAY]")]
        first: String,
        /// Its name
        #[arg(value_name = "KEY")]
        second: Option<String>,
    },
    /// Make the root anew where it is gone or damaged
    #[command(after_help = "\
The store goes back to the newest earlier commit that it has kept and whose segments are all there: one whole commit, as \
it was. With --salvage the values that later segments hold are added; the result may mix commits, and is said to: arrays \
with newer values are named with their commit. A damaged root is kept beside the new one.\n
A root that is whole is left as it is. Where segments that it names are gone or do not open, they are named with the \
arrays that they hold, and what can be done.\n
The exit status is 0 when the store is one whole commit afterwards, and 1 when segments are damaged or values were \
salvaged.")]
    Repair {
        /// The store's folder
        store: PathBuf,
        /// Add the values that later segments hold; without a kept commit, make the store of segments alone
        #[arg(long)]
        salvage: bool,
    },
    /// Remove the files that no commit names from a store without locks, as those in buckets are
    #[command(after_help = "\
Where there are locks, the next writer removes them, and there is nothing to do. Without, nothing tells a file that a writer \
is about to commit, or that a reader of an earlier commit still needs, from one that is left over, but its age.")]
    Gc {
        /// The store's folder or URL
        store: PathBuf,
        /// Only files that were last written so long ago, as in `7d`, `12h` or `30min`: longer than any flush, or reader of one
        /// commit, takes
        #[arg(long, value_name = "AGE")]
        older_than: humantime::Duration,
    },
    /// Make a store what it was at an earlier commit, as a new commit
    Rollback {
        /// The store's folder
        store: PathBuf,
        /// The commit; `atlas info` lists those that the store has kept
        generation: u64,
    },
    /// Tell a store how many earlier commits it keeps
    #[command(after_help = "\
It is a commit of its own, the first that keeps, or drops, what it says.")]
    Keep {
        /// The store's folder
        store: PathBuf,
        /// How many, compactions or not; `default` for the one before the last, until a compaction
        #[arg(value_parser = kept)]
        count: Kept,
    },
    /// Pin the last commit: keep it, and all its files, under a name
    #[command(after_help = "\
It is a commit of its own. The pinned one can be opened with --generation and gone back to with `atlas rollback`, whatever \
is written, compacted and rolled back, until `atlas unpin`.")]
    Pin {
        /// The store's folder
        store: PathBuf,
        /// The name of the pin
        name: String,
    },
    /// Take a pin away: its commit is kept only as far as the store keeps commits
    Unpin {
        /// The store's folder
        store: PathBuf,
        /// The name of the pin
        name: String,
    },
    /// List pins and the commits that they name
    Pins {
        /// The store's folder
        store: PathBuf,
    },
    /// Check what a file system or a bucket gives, or whether stores survive kills
    #[command(after_help = "\
Of a bucket, by its URL: whether objects are there as they were written, whether of two writers that put a root on the same \
condition one is refused, which all commits rest on, and how long a request and the least commit take.\n
Of a folder, without --crash: whether the file system in DIR has what the store relies on, and how long a sync and the least commit \
take there.\n
With --crash: a process writes to a store in DIR and tells each commit that is done; it is killed (SIGKILL) at random \
instants, most of them inside a commit. After each kill the store must hold just the last commit that was told, or the \
one under way, and verify clean; a reader must at all times see one commit, whole. This shows what a store survives \
when its process dies. It does not show what the disk keeps when the power fails.\n
After a failure the store is left in DIR, and the exit status is 1.")]
    Selftest {
        /// A folder on the file system in question, or a URL in the bucket; the test makes a folder in it and removes that again
        dir: PathBuf,
        /// Kill a writer again and again
        #[arg(long)]
        crash: bool,
        /// How often
        #[arg(long, value_name = "N", default_value_t = 200, requires = "crash")]
        kills: u64,
        /// What the random choices start from; by default the clock
        #[arg(long, value_name = "N", requires = "crash")]
        seed: Option<u64>,
    },
}

/// Names of colours.
pub const COLOUR_MAPS: [&str; 7] = ["viridis", "cividis", "magma", "plasma", "turbo", "blue-red", "greys"];

/// What to draw.
#[derive(Args)]
pub struct Plot {
    /// Which store
    #[command(flatten)]
    pub store: StoreArgs,
    /// The dataset
    pub dataset: String,
    /// The array, with the region behind it that is drawn: [0,:,:] is the first step of three dimensions
    #[arg(value_name = "ARRAY[REGION]")]
    pub array: String,
    /// The file to write; without it the picture is drawn in the terminal
    #[arg(short, long, value_name = "FILE.png")]
    pub output: Option<PathBuf>,
    /// The values at the ends of the colours, or of a line's axis; by default the least and the largest
    #[arg(long, value_name = "LOW,HIGH", value_delimiter = ',', allow_hyphen_values = true)]
    pub range: Option<Vec<f64>>,
    /// The colours
    #[arg(long, value_name = "NAME", default_value = "viridis", value_parser = COLOUR_MAPS)]
    pub map: String,
}

/// What to import.
#[derive(Args)]
pub struct Import {
    /// The files: classic ones and NetCDF-4
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The store's folder
    pub store: PathBuf,
    /// The name of the dataset, for one file
    #[arg(long, value_name = "NAME", conflicts_with = "relative_to")]
    pub name: Option<String>,
    /// Name datasets by the paths of their files from DIR on, without extension
    #[arg(long, value_name = "DIR")]
    pub relative_to: Option<PathBuf>,
    /// Replace datasets that are there, with all below them
    #[arg(long)]
    pub replace: bool,
    /// Leave out variables and attributes that a store has nothing for, and list them
    #[arg(long)]
    pub skip_unsupported: bool,
    /// Import nothing: compare what the store has with the files, bit for bit; exit with 1 where it differs
    #[arg(long, conflicts_with = "replace")]
    pub check: bool,
}

/// What to export.
#[derive(Args)]
pub struct Export {
    /// Which store
    #[command(flatten)]
    pub store: StoreArgs,
    /// Only these datasets, or those that match these patterns, each with those below it
    #[arg(value_name = "DATASET")]
    pub datasets: Vec<String>,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub replace: bool,
    /// How hard values are deflated; 0 for not at all
    #[arg(long, value_name = "0-9", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=9))]
    pub level: u8,
    /// Do not shuffle bytes before they are deflated
    #[arg(long)]
    pub no_shuffle: bool,
    /// Leave out what NetCDF has nothing for, and list it
    #[arg(long)]
    pub skip_unsupported: bool,
}

/// A number of earlier commits; none for the default.
#[derive(Clone, Copy)]
pub struct Kept(pub Option<u32>);

fn limit(text: &str) -> Result<f64, String> {
    let limit = text.parse().map_err(|_| "not a number".to_owned())?;
    if limit >= 0.0 { Ok(limit) } else { Err("below 0, or not a number".into()) }
}

fn kept(text: &str) -> Result<Kept, String> {
    match text {
        "default" => Ok(Kept(None)),
        _ => text.parse().map(|count| Kept(Some(count))).map_err(|_| "neither a number nor 'default'".into()),
    }
}

/// Which store, and which of its commits.
#[derive(Args)]
pub struct StoreArgs {
    /// The store's folder
    #[arg(value_name = "STORE")]
    pub path: PathBuf,
    /// An earlier commit that the store has kept; `atlas info` lists them
    #[arg(long, value_name = "N")]
    pub generation: Option<u64>,
}
