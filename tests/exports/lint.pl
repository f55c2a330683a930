# Checks a file of binary MARC records with MARC::Lint: a line a warning, then the count.
use strict;
use warnings;
use MARC::Batch;
use MARC::Lint;
binmode(STDOUT, ':utf8');
my $lint  = MARC::Lint->new;
my $count = 0;
my $batch = MARC::Batch->new('USMARC', $ARGV[0]);
$batch->strict_off;
while (my $record = $batch->next) {
    $count++;
    $lint->check_record($record);
    print $record->field('001')->data, ": $_\n" for $lint->warnings;
    print $record->field('001')->data, ": $_\n" for $record->warnings;
}
print "file: $_\n" for $batch->warnings;
print "$count records\n";
