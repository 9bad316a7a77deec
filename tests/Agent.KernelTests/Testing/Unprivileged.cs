using Agent.Kernel;

namespace Agent.KernelTests.Testing;

/// <summary>Runs code as root without any capability, as the restricted deployment does, or with a few.</summary>
internal static class Unprivileged
{
    public static T Run<T>(Func<T> function, params Capability[] keep)
    {
        var result = default(T);
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Libc.KeepCapabilities(keep.Aggregate(0UL, static (bits, capability) => bits | (1UL << (int)capability)));
                result = function();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new AggregateException(failure);
    }
}
