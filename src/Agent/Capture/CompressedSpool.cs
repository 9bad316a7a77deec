using System.IO.Compression;

namespace Agent.Capture;

/// <summary>
/// Holds a file until its length is known, which an archive names before the bytes and the kernel does not tell. Compressed: a
/// conntrack table of a million entries is 170 MB of text, and a tenth of it so.
/// </summary>
internal sealed class CompressedSpool : IDisposable
{
    private readonly MemoryStream _bytes = new();
    private readonly GZipStream _writer;
    private long _length;

    public CompressedSpool() => _writer = new GZipStream(_bytes, CompressionLevel.Fastest, leaveOpen: true);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _writer.Write(bytes);
        _length += bytes.Length;
    }

    /// <summary>Ends the writing.</summary>
    /// <returns>What was written; it knows its length.</returns>
    public Stream ToReader()
    {
        _writer.Dispose();
        _bytes.Position = 0;
        return new Reader(_bytes, _length);
    }

    public void Dispose()
    {
        _writer.Dispose();
        _bytes.Dispose();
    }

    /// <summary>A stream that is read once, from its beginning, and whose length is known: what a tar entry needs.</summary>
    private sealed class Reader(Stream compressed, long length) : Stream
    {
        private readonly GZipStream _source = new(compressed, CompressionMode.Decompress);
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = _source.Read(buffer);
            _position += count;
            return count;
        }

        public override void Flush()
        {
            // Nothing is written.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _source.Dispose();
            base.Dispose(disposing);
        }
    }
}
