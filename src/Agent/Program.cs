Console.WriteLine("closewatch");
